"""All that exists only to play: the endpoint on loopback, its traffic, a copy of the project, the rehearsal."""
