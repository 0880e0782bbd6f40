"""From a raw recording to a sorted dataset, in stages whose pieces may be done on many machines."""
