"""What the mouse does in the views, for the help window: view, gesture, meaning."""

from __future__ import annotations

ALL = "All views"

GESTURES = (
    ("All views", "Drag left", "Pan"),
    ("All views", "Drag right", "Zoom"),
    ("All views", "Wheel", "Zoom at the pointer"),
    ("All views", "Double click, R", "Reset the zoom"),
    ("All views", "Left, Right, + and -", "Pan and zoom the focused view; Up and Down go through the clusters"),
    ("All views", "Ctrl+click", "Add a lasso corner, where the view has a lasso"),
    ("All views", "Ctrl+right click", "Clear the lasso"),
    ("Views over time", "Shift+Alt+drag left", "Time range A: all views and statistics show only it"),
    ("Views over time", "Shift+Alt+drag right", "Time range B, for views that compare it with A"),
    ("WaveformView", "Ctrl+wheel", "Height of the boxes"),
    ("WaveformView", "Ctrl+click, Ctrl+right click", "Channel as x, y of the feature view"),
    ("WaveformView", "Alt+click twice", "Draw a line; K splits off all spikes whose waveform crosses it"),
    ("WaveformView", "Alt+click three times or more", "Draw a polygon; K splits off all spikes with a sample inside"),
    ("WaveformView", "Alt+right click", "Clear the line or polygon"),
    ("FeatureView", "Ctrl+wheel", "Scaling"),
    ("FeatureView", "Alt+wheel", "Marker size"),
    ("FeatureView", "Alt+click, Alt+right click", "x, y dimension over time in the amplitude view"),
    ("AmplitudeView", "Alt+click", "Show this moment in the trace view"),
    ("AmplitudeView", "Alt+wheel", "Marker size"),
    ("DriftView", "Click, Shift+click", "Select, add the cluster of a spike"),
    ("DriftView", "Alt+click", "Show this moment in the trace view"),
    ("DriftView", "Ctrl+wheel", "Zoom in depth alone"),
    ("DriftView", "Alt+wheel", "Marker size"),
    ("DriftView", "Shift+wheel", "Colour by cluster, amplitude, log10 α or z"),
    ("PositionView", "Alt+wheel", "Marker size"),
    ("PositionView", "Shift+wheel", "Colour by cluster, log10 α, z, or how far another run puts the spikes"),
    ("CorrelogramView", "Ctrl+wheel", "Window"),
    ("CorrelogramView", "Alt+wheel", "Bin"),
    ("CorrelogramView", "Click on a bin", "How many pairs it holds; each click shows the next one in the trace view"),
    ("CorrelogramView", "Right click on a bin", "Show the pair before in the trace view"),
    ("ClusterScatterView", "Click, Shift+click", "Select, add a cluster"),
    ("ClusterScatterView", "Ctrl+click", "Draw a lasso; the clusters inside are selected"),
    ("ClusterScatterView", "Alt+wheel", "Size of the discs"),
    ("ClusterScatterView", "Shift+wheel", "Colours of the clusters that are not selected"),
    ("TemplateView", "Click, Ctrl+click", "Select the cluster of a column; with Shift add it"),
    ("TemplateView", "Ctrl+wheel", "Size of the waveforms, brightness of the image"),
    ("TemplateView", "Shift+wheel", "Colours of the clusters that are not selected"),
    ("TemplateFeatureView", "Alt+wheel", "Marker size"),
    ("Spike...View", "Alt+wheel", "Marker size"),
    ("Spike...View", "Alt+click", "Show this moment in the trace view, for attributes over time"),
    ("SimilarityMatrixView", "Click, Ctrl+click", "Select the pair of a cell; with Shift add it"),
    ("WaveformView", "Digit held + click", "Channel with that number of the feature view, from 0"),
    ("HistogramView, ISIView, FiringRateView", "Ctrl+wheel", "End of the range"),
    ("HistogramView, ISIView, FiringRateView", "Shift+wheel", "Start of the range"),
    ("HistogramView, ISIView, FiringRateView", "Alt+wheel", "Number of bins"),
    ("HistogramView, ISIView", "Click on a bin", "How many it holds; each click shows the next one in the trace view"),
    ("HistogramView, ISIView", "Right click on a bin", "Show the one before in the trace view"),
    ("FiringRateView", "Alt+click", "Show this moment in the trace view"),
    ("FiringRateView", "Click on a bin", "How many spikes it holds"),
    ("RasterView", "Ctrl+click, Ctrl+Shift+click", "Select, add the cluster of a row; also without Ctrl"),
    ("RasterView", "Alt+click", "Show this moment in the trace view"),
    ("RasterView", "Ctrl+wheel", "Zoom in the rows alone"),
    ("RasterView", "Alt+wheel", "Width of the spikes"),
    ("RasterView", "Shift+wheel", "Colours of the clusters that are not selected"),
    ("EventView", "Alt+click in the raster", "Show this moment in the trace view"),
    ("EventView", "Ctrl+wheel", "Time around the events"),
    ("EventView", "Alt+wheel", "Bin"),
    ("EventView", "Shift+wheel", "Kind of event"),
    ("ProbeView", "Click, Shift+click", "Select, add the cluster of a ring, or those whose peak is on this contact"),
    ("ProbeView", "Alt+click, Alt+right click", "Draw a lasso around clusters, which selects them; clear it"),
    ("ProbeView", "Ctrl+click, Ctrl+right click", "Channel as x, y of the feature view"),
    ("ProbeView", "Digit held + click", "Channel with that number of the feature view, from 0"),
    ("ProbeView", "Click in the overview", "Show that part of the probe"),
    ("TraceView", "Alt+wheel", "Scroll"),
    ("TraceView", "Ctrl+wheel", "Size of the traces"),
    ("TraceView", "Shift+wheel", "Colours of spikes that are not selected"),
    ("TraceView", "Drag left, wheel", "Scroll in time, show less or more of it"),
    ("TraceView", "Ctrl+click", "Select a spike and its cluster"),
    ("TraceView", "Shift+click, Shift+right click", "Channel as x, y of the feature view"),
    ("TraceImageView", "Drag left, wheel", "Scroll in time, show less or more of it, here and in the trace views"),
    ("TraceImageView", "Alt+wheel", "Scroll"),
    ("TraceImageView", "Ctrl+wheel", "Strength of the colours"),
    ("TraceImageView", "Ctrl+click", "Select a spike and its cluster"),
    ("TraceImageView", "Shift+click, Shift+right click", "Channel as x, y of the feature view"),
    ("Tables", "Click", "Select one cluster"),
    ("Tables", "Ctrl+click", "Add or remove a cluster"),
    ("Tables", "Shift+click", "Add all rows from the last selected one to this one"),
    ("Tables", "Ctrl+right click", "Send a cluster to the other table"),
    ("Tables", "Click on a title", "Sort by it; again: the other way; with Shift: as a further key"),
    ("Tables", "Right click on a title", "Choose columns; drag a title to move it"),
)


def gestures_of(kind: str, *, lasso: bool) -> tuple[tuple[str, str], ...]:
    """Return gesture and meaning of what the mouse does in a kind of view, its own before those of all views.

    lasso : whether Control draws one in it
    """
    names = {kind, "Spike...View"} if kind.startswith("Spike") else {kind}
    own = [(gesture, meaning) for views, gesture, meaning in GESTURES if names & set(views.split(", "))]
    common = ((gesture, meaning) for views, gesture, meaning in GESTURES if views == ALL)
    return (*own, *((gesture, meaning) for gesture, meaning in common if lasso or "lasso" not in meaning))
