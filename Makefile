# The two commands: `make lab` opens the quickstart, `make test` runs everything. Each sets up what it needs by itself.
BIN := .venv/bin
PYTEST_WORKERS ?= 2
export PYTHONWARNINGS ?=

.PHONY: help lab demo test check format render labextension soak clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

lab:  ## open JupyterLab on the quickstart; ARGS="--no-browser --port 8899" passes options on
	@sh scripts/setup.sh lab
	@$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) --ServerApp.root_dir=. \
		--LabApp.default_url=/lab/tree/notebooks/00_quickstart.ipynb \
		--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate $(ARGS)

demo:  ## run the whole loop without a browser and print its result
	@sh scripts/setup.sh lab
	@$(BIN)/monitorkit demo $(ARGS)

test:  ## run every test: real Prometheus, real notebooks, a real browser; ARGS="tests/query -k frames" runs some
	@sh scripts/setup.sh test
	@. .cache/test.env && $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile \
		--doctest-modules --nbval-lax --nbval-current-env --nbval-cell-timeout=120 $(ARGS)

check:  ## lint, format, types, layers
	@sh scripts/setup.sh check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/test_layers.py tests/test_public_names.py tests/test_packaging.py

format:  ## rewrite the sources in the project's form
	@sh scripts/setup.sh check
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

render:  ## run the notebooks and write their outputs; make the files in dashboards/ again
	@sh scripts/setup.sh lab
	$(BIN)/python scripts/render_notebooks.py $(ARGS)
	$(BIN)/python scripts/render_dashboards.py

labextension:  ## build the JupyterLab extension from labextension/; the only thing here that needs Node
	@sh scripts/build_labextension.sh
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m pip install --quiet --no-deps --editable .; fi

soak:  ## the tests that run for minutes
	@sh scripts/setup.sh test
	@. .cache/test.env && $(BIN)/python -m pytest -m soak tests $(ARGS)

clean:  ## remove what the commands above made
	rm -rf .venv .cache dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		labextension/node_modules labextension/lib
