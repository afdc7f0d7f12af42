"""A web application that greets, and tells as whom it runs."""

import os

from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    return "Hello, world!\n"


@app.get("/hello/<name>")
def hello(name):
    return {"hello": name, "user": os.getuid()}
