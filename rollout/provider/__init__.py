"""The provider `rollout`: what carries the model's decisions to the flag store and back.

One file per resource kind; the store and the probes stand behind small protocols; the Pulumi SDK is met in
`servicer.py` alone.
"""

VERSION = "0.1.0"
