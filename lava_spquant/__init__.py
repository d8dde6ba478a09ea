"""Ultra-low-precision spiking networks for Lava: train in SLAYER, deploy the same integers."""
