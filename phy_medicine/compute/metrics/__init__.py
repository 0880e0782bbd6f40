"""Quality metrics: functions of arrays that say how good a cluster of spikes is, for curation and for the sorter."""
