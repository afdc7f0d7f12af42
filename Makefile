# The commands of the project. Those that need a Docker engine use the one in docker's own configuration;
# if there is none, scripts/engine creates one.

.PHONY: help demo program test test-fast test-old-engines fmt lint docs engine-down

help:
	@echo 'make demo              build the frontend image, and an example with it; run the example'
	@echo 'make program           build the program mstage, target/release/mstage'
	@echo 'make test              run all tests'
	@echo 'make test-fast         run the tests that need no engine'
	@echo 'make test-old-engines  run the tests that need an engine on older ones, made as root'
	@echo 'make fmt               format the code'
	@echo 'make lint              format, clippy and documentation as CI checks them'
	@echo 'make docs              build the documentation as a site, in target/book'
	@echo 'make engine-down       stop the engines that scripts/engine has made'

demo:
	scripts/demo

program:
	cargo build --release --locked --bin mstage

# Further engines are made here where the default one is, too. A Docker of the user's own is enough.
test: test-fast
	@if [ -n "$$(scripts/engine env 2>/dev/null)" ]; then \
	  cargo engine && $(MAKE) test-old-engines; \
	else \
	  cargo engine --skip fresh:: && \
	  echo 'not run, as they make engines: cargo engine fresh::, make test-old-engines (left to you, as root)'; \
	fi

test-fast:
	cargo test --workspace

test-old-engines:
	MSTAGE_TEST_ENGINE=bookworm cargo engine
	MSTAGE_TEST_ENGINE=trixie cargo engine

fmt:
	cargo fmt --all

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps --workspace

# An mdbook of the user's own, else one that is built once: a minute on two cores.
MDBOOK_VERSION := 0.5.4
TOOLS := $(CURDIR)/target
MDBOOK = $(TOOLS)/mdbook-$(MDBOOK_VERSION)
docs: export PATH := $(MDBOOK)/bin:$(PATH)
docs:
	command -v mdbook >/dev/null || \
	  CARGO_PROFILE_DEV_DEBUG=0 cargo install mdbook --version $(MDBOOK_VERSION) --locked --debug --no-default-features --root $(MDBOOK)
	mdbook build docs

engine-down:
	scripts/engine down
