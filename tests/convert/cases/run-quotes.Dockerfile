FROM alpine:3.20
RUN echo 'it'"'"'s' "a \"b\"" \\ '\n'
RUN awk 'BEGIN { print "x" }' && echo '''triple'''
