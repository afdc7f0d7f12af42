"""Reads YAML from standard input and prints it as JSON."""

import json
import sys

import yaml

# The loader written in C: it is there only if the package was built for this very Python.
json.dump(yaml.load(sys.stdin, yaml.CSafeLoader), sys.stdout, indent=2, default=str)
print()
