# The hub's two commands are `make run` and `make test`; the others are for those who work on it.
# Settings are environment variables (docs/operations.md): HUB_PORT, HUB_HOST, HUB_STATE_DIR, HUB_DATABASE_URL …

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Downloads must carry the hash in the lock, and nothing is compiled: a machine without a compiler will do.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
INSTALL := $(PIP) install --require-hashes --only-binary :all:
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header
PYTEST_FLAGS ?=

.PHONY: run test check format bench image lock clean python venv runtime dev assets browser peers parts whole
.DEFAULT_GOAL := run
.SILENT:
ifndef SIDE_BY_SIDE
.NOTPARALLEL:
endif

# `exec` and the option let even a `kill -9` of make stop the hub.
run: runtime assets
	exec $(BIN)/hub up --stop-with-parent

test: dev assets browser peers check
	echo "测试：各部分（两个进程，各有自己的数据库）；同时整个中枢（从全新副本 make run 起，用真实浏览器），其结果在结束后显示 …"
	$(MAKE) --no-print-directory -j 2 SIDE_BY_SIDE=yes parts whole

check: dev
	echo "检查格式、规范、类型和分层 …"
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: dev assets
	$(call install,bench)
	$(BIN)/python -m tests.bench

image:
	engine=$$(command -v podman || command -v buildah || command -v docker) || \
		{ echo "没有找到 podman、buildah 或 docker；请先安装其中之一。" >&2; exit 2; }; \
	case "$$engine" in *docker) format="" ;; *) format="--format docker" ;; esac; \
	"$$engine" build $$format --file deploy/Containerfile --tag alliance-hub $(IMAGE_FLAGS) .

lock: dev
	for name in runtime dev bench peers; do $(COMPILE) requirements/$$name.in --output-file requirements/$$name.lock || exit; done

clean:
	rm -rf $(VENV) frontend/node_modules frontend/static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .artifacts/peers

# Steps behind the commands ------------------------------------------------------------------------------------------

# The two halves of the tests, which `make test` runs side by side: the hub of the second waits much, and leaves time for
# the first. They are not below this make for the makes that they call themselves.
PYTEST := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u SIDE_BY_SIDE $(BIN)/python -m pytest
parts:
	$(PYTEST) -n 2 --dist loadfile -m "not whole_hub" $(PYTEST_FLAGS)

whole:
	mkdir -p .artifacts
	$(PYTEST) -m whole_hub tests/browser tests/e2e $(PYTEST_FLAGS) > .artifacts/whole-hub.log 2>&1; answer=$$?; \
	cat .artifacts/whole-hub.log; exit $$answer

python:
	command -v $(PYTHON) >/dev/null || \
		{ echo "没有找到 $(PYTHON)；请先安装 Python 3.11 或更高版本，或用 make PYTHON=路径 指定。" >&2; exit 2; }
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) 的版本过旧；需要 Python 3.11 或更高版本，可用 make PYTHON=路径 指定。" >&2; exit 2; }
	$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "$(PYTHON) 缺少 venv 模块；请先安装（Debian 系统：apt-get install python3-venv）。" >&2; exit 2; }

# A folder that was moved, or whose Python was removed, is made anew.
venv: python
	grep -qs "$(CURDIR)/$(VENV)" $(BIN)/activate && \
		$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "建立 Python 虚拟环境 …" && rm -rf $(VENV) && $(PYTHON) -m venv $(VENV); }

# $(call install,NAME): install requirements/NAME.lock and the hub itself, unless the stamp says that this was done.
define install
	want=$$(cat requirements/$(1).lock requirements/runtime.in pyproject.toml | cksum); stamp=$(VENV)/$(1).stamp; \
	if [ "$$(cat $$stamp 2>/dev/null)" != "$$want $(CURDIR)" ]; then \
		echo "安装依赖（$(1)，首次需几分钟）…"; \
		$(INSTALL) --requirement requirements/$(1).lock && \
		$(PIP) install --no-deps --no-build-isolation --editable . && \
		echo "$$want $(CURDIR)" > $$stamp; \
	fi
endef

runtime: venv
	$(call install,runtime)

dev: venv
	$(call install,dev)

# Fetches nothing when its own stamp says that all is there.
assets: $(if $(filter test bench,$(MAKECMDGOALS)),dev,runtime)
	test -e frontend/static/vendor/stamp.txt || echo "获取网页资源 …"
	$(BIN)/python -m frontend.assets >/dev/null

# The sign-in systems that the federation tests sign in at; nothing happens when they are there.
peers: dev
	$(BIN)/python -m tests.identity.federation.peering

# What the browser tests need, and the guide's examples, from Debian where that may be done; they say loudly when it is
# missing.
browser:
	missing=""; command -v chromium >/dev/null || missing="chromium"; \
	command -v curl >/dev/null || missing="$$missing curl"; \
	fc-list :lang=zh 2>/dev/null | grep -q . || missing="$$missing fonts-noto-cjk"; \
	if [ -n "$$missing" ]; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "安装$$missing …"; \
			{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
				$$missing; } >/dev/null 2>&1 || echo "警告：无法安装 $$missing，浏览器测试将不能进行。" >&2; \
		else \
			echo "警告：缺少 $$missing，浏览器测试将不能进行；请由管理员安装。" >&2; \
		fi; \
	fi
