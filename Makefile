# `make help` lists the commands. Each of them makes the environment in .venv first, if it is not there.

BIN := .venv/bin
PYTEST_OPTIONS ?= -n 2 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help env demo gallery docs pages test check format faults fuzz bench clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

env: ## the environment in .venv, and the system libraries
	@scripts/setup_environment.sh --virtual-display

demo: ## simulate a drifting recording, then curate it (without a display: screenshots in demo/)
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then scripts/setup_environment.sh; else scripts/setup_environment.sh --virtual-display; fi
	@$(BIN)/python scripts/demo.py

gallery: env ## draw the pictures of the documents
	@$(BIN)/python scripts/gallery.py

docs: env ## build the site of the documents into site/; a link that leads nowhere is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

pages: env ## write the pages that are made from the program: keys, commands, settings, broken datasets
	$(BIN)/python scripts/shortcuts_page.py
	$(BIN)/python scripts/commands_page.py
	$(BIN)/python scripts/settings_page.py
	$(BIN)/python scripts/broken_page.py

test: env check ## format, lint, types, layers, then every test
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

check: env ## format, lint, types, layers
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy --no-error-summary
	$(BIN)/lint-imports --no-logo

format: env ## rewrite the source in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

faults: env ## kill a curating process 1,000 times, and let the disk fail at every call of a save
	PHY_MEDICINE_FAULTS=all $(BIN)/python -m pytest $(PYTEST_OPTIONS) tests/faults

fuzz: env ## a million inputs that no program writes, FUZZ="params npy --inputs 5000" for some; then every broken dataset
	PYTHONPATH=. $(BIN)/python -m tests.fuzz $(FUZZ)
	PHY_MEDICINE_EVERY_CASE=1 $(BIN)/python -m pytest $(PYTEST_OPTIONS) tests/broken

bench: env ## measure the curation core, then opening, selection, actions and saving on a simulated dataset
	@test -f demo/bench/params.py || $(BIN)/python -m phy_medicine simulate demo/bench --channels 128 --units 120 --duration 300
	$(BIN)/python -m benchmarks.assignment
	xvfb-run --auto-servernum --server-args "-screen 0 1920x1200x24" $(BIN)/python -m benchmarks.selection demo/bench

clean: ## remove everything that can be made again
	rm -rf .venv build dist demo site *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
