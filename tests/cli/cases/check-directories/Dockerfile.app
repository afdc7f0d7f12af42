# syntax=myorg/mstage
[stages.app]
from = "alpine:3.20"
y = 1
