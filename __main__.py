"""The stack: what `Pulumi.<stack>.yaml` says, for every domain of the catalogue. The program's body stands in components/."""

from pathlib import Path

from components import program

program.run(Path(__file__).resolve().parent)
