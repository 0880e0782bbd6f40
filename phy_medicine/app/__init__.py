"""Where the parts are put together: the command line and the two ways in, `open` and `show`."""
