
dist_noinst_SCRIPTS += \
	%reldir%/check.sh \
	%reldir%/install-packages.sh \
	%reldir%/quickstart.sh \
	%reldir%/guest/accel.sh \
	%reldir%/guest/boot.sh \
	%reldir%/guest/get-qemu.sh \
	%reldir%/guest/mkinitrd.sh \
	%reldir%/guest/vmlinux.sh
EXTRA_DIST += %reldir%/common.sh
