"""How series are made, bounded and written, whatever they count."""
