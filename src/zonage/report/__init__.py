"""The account of a run for a colleague, as Markdown and as one page of HTML."""

from zonage.report.account import Account, report_blocks
from zonage.report.pages import html_page, markdown_page

__all__ = ["Account", "html_page", "markdown_page", "report_blocks"]
