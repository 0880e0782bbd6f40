"""Ground floor: types, errors, parameter tables, paths and the log. Imports nothing of the project."""
