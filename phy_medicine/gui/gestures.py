"""What the mouse does in the views, for the help window: view, gesture, meaning."""

from __future__ import annotations

GESTURES = (
    ("All views", "Drag left", "Pan"),
    ("All views", "Drag right", "Zoom"),
    ("All views", "Wheel", "Zoom at the pointer"),
    ("All views", "Double click, R", "Reset the zoom"),
    ("All views", "Arrow keys, + and -", "Pan and zoom the focused view"),
    ("All views", "Ctrl+click", "Add a lasso corner, where the view has a lasso"),
    ("All views", "Ctrl+right click", "Clear the lasso"),
    ("WaveformView", "Ctrl+wheel", "Size of the boxes"),
    ("WaveformView", "Ctrl+click, Ctrl+right click", "Channel as x, y of the feature view"),
    ("FeatureView", "Ctrl+wheel", "Scaling"),
    ("FeatureView", "Alt+wheel", "Marker size"),
    ("FeatureView", "Alt+click, Alt+right click", "x, y dimension over time in the amplitude view"),
    ("AmplitudeView", "Alt+click", "Show this moment in the trace view"),
    ("AmplitudeView", "Alt+wheel", "Marker size"),
    ("CorrelogramView", "Ctrl+wheel", "Window"),
    ("CorrelogramView", "Alt+wheel", "Bin"),
    ("TraceView", "Alt+wheel", "Scroll"),
    ("TraceView", "Ctrl+wheel", "Size of the traces"),
    ("TraceView", "Ctrl+click", "Select a spike and its cluster"),
    ("TraceView", "Shift+click, Shift+right click", "Channel as x, y of the feature view"),
    ("Tables", "Click", "Select one cluster"),
    ("Tables", "Ctrl+click", "Add or remove a cluster"),
    ("Tables", "Shift+click", "Add all rows from the last selected one to this one"),
    ("Tables", "Ctrl+right click", "Send a cluster to the other table"),
    ("Tables", "Click on a title", "Sort by it; again: the other way; with Shift: as a further key"),
    ("Tables", "Right click on a title", "Choose columns; drag a title to move it"),
)
