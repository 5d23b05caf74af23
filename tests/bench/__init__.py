"""`make bench`: times as ratios taken in one run on one machine, and the long loops whole."""
