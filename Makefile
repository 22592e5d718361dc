# One target folder for all clones of a user, so that a fresh clone builds fast; for one of them at a time.
export CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/helssa/target

.PHONY: run test check docs bench own-target

own-target:
	@scripts/own-target

run: own-target
	cargo build --release --package helssa-server
	$(CARGO_TARGET_DIR)/release/helssa demo
	$(CARGO_TARGET_DIR)/release/helssa serve

# format, lints, generated files
check: own-target
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features --quiet -- --deny warnings
	scripts/generated --check

# everything that must hold; installs PostgreSQL, Redis and the test runner where they are missing
test: own-target
	scripts/install-test-tools
	scripts/test

# what is made from the program: docs/openapi.json, SETTINGS.md, ERRORS.md
docs: own-target
	scripts/generated

bench: own-target
	bench/run
