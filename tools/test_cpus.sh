#!/bin/bash
# Compare the stored outputs on three simulated machines: a Haswell (no AVX-512), a Nehalem
# (no AVX2), and one whose random numbers are off by one unit in the last place.
# conftest.py sets each of them up and proves, in every kernel, that it took effect.
# Arguments go to pytest.
cd "$(dirname "$0")/.." || exit 1
failed=()
for cpu in haswell nehalem jitter; do
    echo "=== notebooks on $cpu"
    NNLIB_CPU=$cpu python -m pytest -n 2 --dist loadscope --nbval notebooks "$@" || failed+=("$cpu")
done
if ((${#failed[@]})); then
    echo "red on: ${failed[*]}"
    exit 1
fi
echo "green on haswell, nehalem and jitter"
