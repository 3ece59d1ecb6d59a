"""Carga Masiva: files of contacts, read with care, loaded in the background, undone as a whole.

sheets, csv_text   a file becomes rows of cells, whatever wrote it
cells, columns     a cell becomes text; a column becomes a part of a contact
reading            a row becomes a contact, or reasons why not
loading, undoing   rows become contacts in the database, a chunk a transaction, and back
worker, task       the process `jobs`: takes up what is asked for, one child process a file, with bounded memory
views              the pages
"""
