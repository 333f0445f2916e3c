"""The demonstration alliance 安庆职业教育集团: made-up people, illustrative organisations, faulty workbooks."""
