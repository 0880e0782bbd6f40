"""The same neurons in several recordings of one probe: how the tissue moved between them, and which unit is which."""
