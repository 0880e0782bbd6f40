"""One interface for algorithms that find spikes and neurons, our own and those of others."""
