# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Front door.  The build itself is Meson's: meson.build.

demo check build install clean:
