"""What needs a notebook: the only package that imports IPython and ipywidgets."""
