"""For pytest at the top of the project; the plugin itself comes by its entry point."""
