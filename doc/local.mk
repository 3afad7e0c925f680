# doc/: the manual page, and what explains the language and the house.
dist_man_MANS = doc/sflow.1
dist_doc_DATA = doc/ARCHITECTURE doc/HACKING doc/language.md
