"""The files that people write: prompts with front matter and the project file. Bytes in, core values out."""
