"""Whether two clusters are one neuron: functions of arrays, for curation and for the sorter."""
