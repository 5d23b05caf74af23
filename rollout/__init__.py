"""Rollout as code. `model` holds the rules; `provider` carries them out; `commands` is the command line; `simulator` plays."""
