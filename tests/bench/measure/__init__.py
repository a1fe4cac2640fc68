# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is measured: a module for each part of `make bench`.

A module has measure(bench), which gives a results.Part.
"""
