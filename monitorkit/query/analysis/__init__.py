"""What people compute from frames: quantiles, increases, joins."""
