"""The shape of the settings and what makes them wrong; reads no configuration itself."""
