"""Judges what is live, and brings down what burns."""
