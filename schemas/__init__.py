"""What is made of the models of the settings, for editors and for readers."""
