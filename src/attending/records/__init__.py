"""What a step leaves: frozen values named by their digest."""
