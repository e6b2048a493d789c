# The tree's own rules, checked: those for the sources, which one build is
# enough for (make check SOURCE_CHECKS= leaves them out), and those for what was
# built.
SOURCE_CHECKS = $(source_checks)
source_checks = \
	%reldir%/check-checks.sh \
	%reldir%/check-headers.sh \
	%reldir%/check-layers.sh \
	%reldir%/check-prefix.sh \
	%reldir%/check-security.sh \
	%reldir%/check-size.sh \
	%reldir%/check-style.sh
build_checks = \
	%reldir%/check-hardening.sh \
	%reldir%/check-symbols.sh
TESTS += $(SOURCE_CHECKS) $(build_checks)
EXTRA_DIST += $(source_checks) $(build_checks) \
	%reldir%/layers.txt \
	%reldir%/size-exceptions.txt \
	%reldir%/tree.sh
