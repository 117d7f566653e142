#!/usr/bin/env python3
"""Prints "PASSED FAILED SKIPPED" of a JUnit report. A runner that failed without a failed test counts as one failure."""
import sys
import xml.etree.ElementTree as ElementTree


def main(report, status):
    passed = failed = skipped = 0
    try:
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
            elif case.find("skipped") is not None:
                skipped += 1
            elif case.get("status") != "notrun":
                passed += 1
    except (OSError, ElementTree.ParseError):
        print("0 1 0")
        return 1
    if status != 0 and failed == 0:
        failed = 1
    print(passed, failed, skipped)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
