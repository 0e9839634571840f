"""EC2 Auto Scaling: lifecycle, health, zones and instance refresh, as the user guide tells them."""
