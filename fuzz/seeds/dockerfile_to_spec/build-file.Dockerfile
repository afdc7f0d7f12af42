# syntax=myorg/mstage
[stages.a]
from = "alpine:3.20"
