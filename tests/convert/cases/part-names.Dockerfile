# A part of a stage is named like none of the other stages.
FROM busybox AS app-base
RUN true
ENV A=1
RUN echo $A

FROM app-base AS app
ENV A=2
RUN echo $A
ENV A=3
RUN --network=none
