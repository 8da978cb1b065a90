"""The page itself: what NiceGUI draws, and one session's side of it."""
