#!/bin/bash
# Gradescope runs this once, when the container is built: Python, the sandbox, the packages.
set -euo pipefail
cd /autograder/source
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends bubblewrap python3.11 python3.11-venv
python3.11 -m venv /autograder/env
# PyTorch without CUDA, as on Binder; any other index will do.
/autograder/env/bin/pip install --quiet --no-cache-dir \
    --extra-index-url https://download.pytorch.org/whl/cpu -r requirements.txt
# Where bubblewrap is not possible, submissions run as this user, who cannot read what is below.
useradd --system --no-create-home --shell /usr/sbin/nologin submission
chmod -R go-rwx /autograder/source
