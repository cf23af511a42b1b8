"""runner.py FILE [--binary PROGRAM] : runs one file of end-to-end tests; what ctest calls.

The last line says how it went. Exit code 77 (skipped) when every test of the file was skipped.
"""

import argparse
import importlib.util
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def load(path):
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec.loader.exec_module(module)
    return module


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--binary")
    parser.add_argument("-k", dest="pattern", help="only tests whose name contains this")
    options = parser.parse_args()
    if options.binary:
        os.environ.setdefault("PIDGE_BINARY", options.binary)
    program = os.environ.get("PIDGE_BINARY", "")
    if options.binary and not os.access(program, os.X_OK):
        sys.exit(f"There is no program {program}: run ./dev build release pidge, or ./dev test.")

    loader = unittest.TestLoader()
    if options.pattern:
        loader.testNamePatterns = [f"*{options.pattern}*"]
    started = time.monotonic()
    suite = loader.loadTestsFromModule(load(options.file))
    result = unittest.TextTestRunner(verbosity=2, buffer=False).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    name = os.path.basename(options.file)
    print(f"{name}: {result.testsRun} tests, {failed} failed, {len(result.skipped)} skipped, "
          f"{time.monotonic() - started:.1f} s", flush=True)
    if failed:
        return 1
    # A whole file that cannot run here counts as one that was skipped, with no test run.
    if result.testsRun == 0:
        return 77 if result.skipped else 1
    return 77 if len(result.skipped) == result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
