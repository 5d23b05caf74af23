"""The model of a traffic migration: pure rules over plain values.

Nothing in this package imports Pulumi or an AWS SDK, opens a file, or asks a clock: text, live values and
the time are arguments. The provider, the operator's commands and the tests all call the rules here, so that
each of them stands once.
"""
