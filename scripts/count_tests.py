#!/usr/bin/env python3
"""Prints "PASSED FAILED" of a JUnit report. A runner that failed without a failed test counts as one failure."""
import sys
import xml.etree.ElementTree as ElementTree


def main(report, status):
    passed = failed = 0
    try:
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
            elif case.find("skipped") is None and case.get("status") != "notrun":
                passed += 1
    except (OSError, ElementTree.ParseError):
        print("0 1")
        return 1
    if status != 0 and failed == 0:
        failed = 1
    print(passed, failed)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
