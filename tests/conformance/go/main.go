// The log of Go's checksum database (golang.org/x/mod/sumdb/tlog and note) as a reader and a maker
// of what our log is made of. One request as JSON on standard input, one answer on standard output.
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A request names a task and what it needs; bytes are in base64 as encoding/json has them.
type request struct {
	Task    string   `json:"task"`
	Folder  string   `json:"folder"`
	Size    int64    `json:"size"`
	Old     int64    `json:"old"`
	Index   int64    `json:"index"`
	Indexes []int64  `json:"indexes"`
	Root    []byte   `json:"root"`
	OldRoot []byte   `json:"old_root"`
	Leaf    []byte   `json:"leaf"`
	Proof   [][]byte `json:"proof"`
	Note    string   `json:"note"`
	Keys    []string `json:"keys"`
	Text    string   `json:"text"`
	Name    string   `json:"name"`
}

type answer struct {
	Ok         bool       `json:"ok"`
	Error      string     `json:"error,omitempty"`
	Roots      [][]byte   `json:"roots,omitempty"`
	Proofs     [][][]byte `json:"proofs,omitempty"`
	Stored     [][]byte   `json:"stored,omitempty"`
	Leaves     [][]byte   `json:"leaves,omitempty"`
	Text       string     `json:"text,omitempty"`
	Verified   []string   `json:"verified,omitempty"`
	Unverified int        `json:"unverified,omitempty"`
	Key        string     `json:"key,omitempty"`
	Note       string     `json:"note,omitempty"`
}

func main() {
	var asked request
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	tasks := map[string]func(request) (answer, error){
		"roots":       roots,
		"read":        read,
		"inclusion":   checkInclusion,
		"consistency": checkConsistency,
		"open":        open,
		"sign":        sign,
	}
	task, known := tasks[asked.Task]
	if !known {
		fmt.Fprintf(os.Stderr, "no task %q\n", asked.Task)
		os.Exit(2)
	}
	told, err := task(asked)
	told.Ok = err == nil
	if err != nil {
		told.Error = err.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

// record is the content of an entry in the tree that roots makes.
func record(index int64) []byte {
	return fmt.Appendf(nil, "entry %d", index)
}

// A memory holds stored hashes in the order that tlog gives them.
type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(m)) {
			return nil, errors.New("hash is not stored")
		}
		found[i] = m[index]
	}
	return found, nil
}

// roots answers with the root of every tree up to the size, and with proofs in the largest.
func roots(asked request) (answer, error) {
	var stored memory
	var told answer
	for size := int64(0); size <= asked.Size; size++ {
		root, err := tlog.TreeHash(size, stored)
		if err != nil {
			return told, err
		}
		told.Roots = append(told.Roots, root[:])
		fresh, err := tlog.StoredHashes(size, record(size), stored)
		if err != nil {
			return told, err
		}
		stored = append(stored, fresh...)
	}
	for index := int64(0); index < asked.Size; index++ {
		proof, err := tlog.ProveRecord(asked.Size, index, stored)
		if err != nil {
			return told, err
		}
		told.Proofs = append(told.Proofs, split(proof))
	}
	for old := int64(1); old <= asked.Size; old++ {
		proof, err := tlog.ProveTree(asked.Size, old, stored)
		if err != nil {
			return told, err
		}
		told.Proofs = append(told.Proofs, split(proof))
	}
	return told, nil
}

// A folder reads tiles as a C2SP tlog-tiles log has them.
type folder struct {
	path string
}

func (f folder) Height() int { return 8 }

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

// ReadTiles maps names: "tile/8/0/000.p/5" of sumdb is "tile/0/000.p/5" of tlog-tiles.
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		rest, told := strings.CutPrefix(tile.Path(), "tile/8/")
		if !told {
			return nil, fmt.Errorf("unexpected name %s", tile.Path())
		}
		content, err := os.ReadFile(filepath.Join(f.path, "tile", filepath.FromSlash(rest)))
		if err != nil {
			return nil, err
		}
		found[i] = content
	}
	return found, nil
}

// read proves entries and an older tree from a log's tiles, each tile held against the root, and
// hashes the entries of its bundles.
func read(asked request) (answer, error) {
	var told answer
	tree := tlog.Tree{N: asked.Size, Hash: hash(asked.Root)}
	reader := tlog.TileHashReader(tree, folder{asked.Folder})
	for _, index := range asked.Indexes {
		proof, err := tlog.ProveRecord(asked.Size, index, reader)
		if err != nil {
			return told, err
		}
		told.Proofs = append(told.Proofs, split(proof))
	}
	proof, err := tlog.ProveTree(asked.Size, asked.Old, reader)
	if err != nil {
		return told, err
	}
	told.Proofs = append(told.Proofs, split(proof))
	var places []int64
	for _, index := range asked.Indexes {
		places = append(places, tlog.StoredHashIndex(0, index))
	}
	stored, err := reader.ReadHashes(places)
	if err != nil {
		return told, err
	}
	told.Stored = split(stored)
	told.Leaves, err = leaves(asked)
	return told, err
}

// leaves hashes every entry of a log's bundles.
func leaves(asked request) ([][]byte, error) {
	var found [][]byte
	for number := int64(0); number*256 < asked.Size; number++ {
		width := min(256, asked.Size-number*256)
		tile := tlog.Tile{H: 8, L: 0, N: number, W: int(width)}
		rest := strings.TrimPrefix(tile.Path(), "tile/8/0/")
		path := filepath.Join(asked.Folder, "tile", "entries", filepath.FromSlash(rest))
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for len(content) > 2 {
			length := int(binary.BigEndian.Uint16(content))
			if len(content) < 2+length {
				return nil, fmt.Errorf("%s ends within an entry", rest)
			}
			leaf := tlog.RecordHash(content[2 : 2+length])
			found = append(found, leaf[:])
			content = content[2+length:]
		}
	}
	if int64(len(found)) != asked.Size {
		return nil, fmt.Errorf("%d entries, expected %d", len(found), asked.Size)
	}
	return found, nil
}

func checkInclusion(asked request) (answer, error) {
	leaf, root := hash(asked.Leaf), hash(asked.Root)
	return answer{}, tlog.CheckRecord(join(asked.Proof), asked.Size, root, asked.Index, leaf)
}

func checkConsistency(asked request) (answer, error) {
	old, root := hash(asked.OldRoot), hash(asked.Root)
	return answer{}, tlog.CheckTree(join(asked.Proof), asked.Size, root, asked.Old, old)
}

// open checks a checkpoint as a note, and takes it apart by hand: ParseTree of sumdb wants another
// first line.
func open(asked request) (answer, error) {
	var told answer
	var known []note.Verifier
	for _, key := range asked.Keys {
		verifier, err := note.NewVerifier(key)
		if err != nil {
			return told, err
		}
		known = append(known, verifier)
	}
	opened, err := note.Open([]byte(asked.Note), note.VerifierList(known...))
	if err != nil {
		return told, err
	}
	told.Text = opened.Text
	for _, signature := range opened.Sigs {
		told.Verified = append(told.Verified, signature.Name)
	}
	told.Unverified = len(opened.UnverifiedSigs)
	return told, nil
}

// sign makes a key, and a note that it has signed.
func sign(asked request) (answer, error) {
	secret, public, err := note.GenerateKey(bytes.NewReader(asked.Leaf), asked.Name)
	if err != nil {
		return answer{}, err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return answer{}, err
	}
	signed, err := note.Sign(&note.Note{Text: asked.Text}, signer)
	return answer{Key: public, Note: string(signed)}, err
}

func hash(raw []byte) (found tlog.Hash) {
	copy(found[:], raw)
	return found
}

func split[P ~[]tlog.Hash](proof P) [][]byte {
	found := [][]byte{}
	for _, each := range proof {
		found = append(found, bytes.Clone(each[:]))
	}
	return found
}

func join(proof [][]byte) []tlog.Hash {
	var found []tlog.Hash
	for _, each := range proof {
		found = append(found, hash(each))
	}
	return found
}
