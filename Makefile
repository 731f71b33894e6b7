# Every target works in a fresh clone: ./run makes the environment on first use.
.POSIX:
.PHONY: help demo readme test lint docs examples calibrate bench notebooks tutorial validation api lock wheel clean

# Options for pytest, e.g. make test PYTEST_OPTIONS=tests/test_layering.py. Most of a test's time is compilation, which
# uses one core: two workers, each with whole files so that runs shared by a file's tests are made once. Short files come
# last (folders before tests/test_*.py, by their names), so that no worker is left alone with a long one.
PYTEST_OPTIONS = -n 2 --dist loadfile --no-loadscope-reorder

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

demo:  ## phi^4 on a circle against the exact answer; the result goes to runs/demo
	@rm -rf runs/demo
	./run nnft run phi4_circle --draws 16000 --out runs/demo

readme:  ## the table of README.md, as the demo prints it
	./run python docs/demo_table.py

test:  ## the test suite
	./run pytest -q $(PYTEST_OPTIONS)

lint:  ## ruff and pyright
	./run ruff check .
	./run ruff format --check .
	./run pyright

examples:  ## run every example, minutes
	XLA_FLAGS= ./run pytest -q -m examples  # optimised, as users run them (tests/conftest.py)

docs:  ## the documentation, in docs/_build/html; warnings are errors
	./run sphinx-build -q -W --keep-going -b html docs docs/_build/html

calibrate:  ## many-seed statistics; ONLY=name for one of them, FRACTION=0.1 for fewer seeds
	./run python -m calibration $${ONLY:+--only "$$ONLY"} $${FRACTION:+--fraction "$$FRACTION"}

bench:  ## timings against named peers, hours; ONLY=name for one section, FRACTION=0.1 for less, AGAIN=1 to repeat
	./run python -m benchmarks $${ONLY:+--only "$$ONLY"} $${FRACTION:+--fraction "$$FRACTION"} $${AGAIN:+--again}

notebooks:  ## execute the examples, write their outputs to examples/*.ipynb; ONLY=name for one of them
	./run python examples/make_notebooks.py $${ONLY:-}

tutorial:  ## run the tutorial's commands, write what they print into docs/tutorial.md
	./run python tests/pages.py docs/tutorial.md

validation:  ## sample every theory and its control, write docs/validation.md, docs/gallery.md and its pictures
	rm -f docs/gallery/*.svg  # of models that were called otherwise
	./run nnft verify --page docs/validation.md --gallery docs/gallery.md

api:  ## write docs/api from the docstrings
	./run python docs/api_pages.py

lock:  ## refresh requirements.lock to the newest versions that pyproject.toml allows
	./run uv lock --quiet --upgrade
	./run uv export --quiet --frozen --no-emit-project --no-header -o requirements.lock

wheel:  ## build the wheel into dist/
	./run uv build --quiet --wheel
	@ls dist/*.whl

clean:  ## remove caches and builds; runs/, .venv and .tools stay
	rm -rf build dist docs/_build docs/examples .cache .pytest_cache .ruff_cache .hypothesis
	find . \( -name .venv -o -name .tools -o -name .git \) -prune -o -name __pycache__ -type d -exec rm -rf {} +
