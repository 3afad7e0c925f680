# completions/: installed where the shells look.
bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
zshcomp_DATA = completions/_sflow
EXTRA_DIST += completions/sflow.bash completions/_sflow

install-data-hook:
	$(MKDIR_P) $(DESTDIR)$(bashcompdir)
	$(INSTALL_DATA) $(srcdir)/completions/sflow.bash \
		$(DESTDIR)$(bashcompdir)/sflow

uninstall-hook:
	rm -f $(DESTDIR)$(bashcompdir)/sflow
