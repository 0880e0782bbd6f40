"""The window: docks around views, tables, keys, menus; PyQt5 only through `gui.qt`."""
