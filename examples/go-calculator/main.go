// Command calculator reads expressions from standard input, one in each line, and prints what they are.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
)

func main() {
	failed := false
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if lines.Text() == "" {
			continue
		}
		value, err := calculate(lines.Text())
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", lines.Text(), err)
			failed = true
			continue
		}
		fmt.Println(strconv.FormatFloat(value, 'g', 15, 64))
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		failed = true
	}
	if failed {
		os.Exit(1)
	}
}

func calculate(text string) (float64, error) {
	expression, err := parser.ParseExpr(text)
	if err != nil {
		return 0, errors.New("not an expression")
	}
	return evaluate(expression)
}

func evaluate(expression ast.Expr) (float64, error) {
	switch e := expression.(type) {
	case *ast.BasicLit:
		if e.Kind == token.INT || e.Kind == token.FLOAT {
			return strconv.ParseFloat(e.Value, 64)
		}
	case *ast.ParenExpr:
		return evaluate(e.X)
	case *ast.UnaryExpr:
		x, err := evaluate(e.X)
		switch {
		case err != nil:
			return 0, err
		case e.Op == token.ADD:
			return x, nil
		case e.Op == token.SUB:
			return -x, nil
		}
	case *ast.BinaryExpr:
		x, err := evaluate(e.X)
		if err != nil {
			return 0, err
		}
		y, err := evaluate(e.Y)
		if err != nil {
			return 0, err
		}
		switch e.Op {
		case token.ADD:
			return x + y, nil
		case token.SUB:
			return x - y, nil
		case token.MUL:
			return x * y, nil
		case token.QUO:
			if y == 0 {
				return 0, errors.New("division by zero")
			}
			return x / y, nil
		}
	}
	return 0, errors.New("only numbers, + - * / and parentheses are known")
}
