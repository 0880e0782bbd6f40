"""How probable it is that a merge, a split or a label is right: functions of numbers and arrays."""
