printf letmein > token
